// Sets, gets and deletes one session at a relay, while a second connection is told of it. Usage:
//   node example.mjs --path NAME (--port N [--host NAME] | --socket FILE) [--ca FILE --cert FILE --key FILE [--servername NAME]]
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SessionClient } from './global-sessions.mjs';

const text = { type: 'string' };
const { values: args } = parseArgs({
  options: { path: text, host: text, port: text, socket: text, ca: text, cert: text, key: text, servername: text },
});
const where = {
  path: args.path,
  host: args.host,
  port: Number(args.port),
  socketPath: args.socket,
  tls: args.ca && {
    ca: readFileSync(args.ca),
    cert: readFileSync(args.cert),
    key: readFileSync(args.key),
    servername: args.servername ?? args.host,
  },
};

const told = (listener, event) => once(listener, event, { signal: AbortSignal.timeout(5_000) });

const writer = await SessionClient.connect(where);
const listener = await SessionClient.connect(where);
listener.subscribe();
// Answered after the subscription: from here on nothing is missed.
await listener.get('nobody');

const id = randomUUID();
const announced = told(listener, 'session');
console.log('set:', await writer.set(id, 'user=7', { ttlMs: 60_000 }));
const [entry] = await announced;
console.log('announced:', entry.key === id && entry.value.toString());
console.log('get:', (await listener.get(id)).value.toString());

const gone = told(listener, 'deleted');
console.log('delete: held', await writer.delete(id));
const [deleted] = await gone;
const own = listener.digestOf(id);
console.log('announced: deleted', deleted.digest.high === own.high && deleted.digest.low === own.low);
console.log('get:', await listener.get(id));

// A login after the logout that this client knows of begins a new life.
console.log('set again:', await writer.set(id, 'user=8', { ttlMs: 60_000 }));
console.log('get:', (await listener.get(id)).value.toString());

// A save over the version that was read succeeds once.
const { version: read } = await listener.get(id);
console.log('save over what was read:', await writer.set(id, 'user=9', { expected: read }));
console.log('the same again:', await listener.set(id, 'lost', { expected: read }));
console.log('create:', await listener.set(id, 'lost', { expected: null }));
console.log('get:', (await listener.get(id)).value.toString());
await writer.delete(id);
writer.close();
listener.close();
