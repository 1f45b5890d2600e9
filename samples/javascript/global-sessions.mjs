// A client of the midway relay for Node 18 and newer, without packages: what transport/PROTOCOL.md says, and nothing more.
// It keeps no table of its own: each get is a question to the relay. It does not reconnect; it ends with a 'close' event.
import { randomBytes, randomInt } from 'node:crypto';
import { EventEmitter } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

const TYPE = {
  HELLO: 1, WELCOME: 2, ERROR: 3, PING: 4, PONG: 5, GOODBYE: 6, SUBSCRIBE: 7, SESSION: 10, ANNOUNCE_SESSION: 11,
  SESSION_RECEIVED: 12, NEED_SESSION: 13, SESSION_KNOWN: 14, DELETE: 16, ANNOUNCE_DELETE: 17,
  ANNOUNCE_INVALIDATION: 19, NEED_EVERYWHERE: 22, EVERYWHERE: 23,
};
const ERRORS = [
  'INTERNAL', 'MALFORMED', 'UNSUPPORTED_VERSION', 'TOO_LARGE', 'UNEXPECTED', 'UNAVAILABLE', 'BUSY', 'REFUSED', 'CLOCK_AHEAD',
  'INTERNAL', 'ORIGIN_CLASH', 'STALE_LEASE', 'MUST_CONFIRM',
];
const OUTCOMES = ['stored', 'superseded', 'beaten by a delete', 'condition failed'];
const KIND_CLIENT = 4;
const LEVELS = { relay: 1, relief: 2, everywhere: 1 };
const PROTOCOL_VERSION = 1;
const HEADER_LENGTH = 16;
const MAX_FRAME = 1 << 20;
const TICK_MS = 10;
const UNCONFIRMED = 1;
const PING_MS = 5_000;
const SILENCE_MS = 15_000;
const MAX_REMEMBERED = 10_000;
const MASK = (1n << 64n) - 1n;

/** The relay refused, or did not answer. `code` is a name of PROTOCOL.md section 5, TIMEOUT or CLOSED. */
export class SessionError extends Error {
  constructor(code, text) {
    super(`${code}: ${text}`);
    this.code = code;
  }
}

const rotateLeft = (x, bits) => ((x << bits) | (x >> (64n - bits))) & MASK;

function finalise(value) {
  let k = value;
  k = ((k ^ (k >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  k = ((k ^ (k >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return k ^ (k >> 33n);
}

/** MurmurHash3 x64 128 under a key of two halves: PROTOCOL.md section 7. Returns { high, low }. */
export function digest(data, key = { high: 0n, low: 0n }) {
  const C1 = 0x87c37b91114253d5n;
  const C2 = 0x4cf5ad432745937fn;
  const scramble1 = (k) => (rotateLeft((k * C1) & MASK, 31n) * C2) & MASK;
  const scramble2 = (k) => (rotateLeft((k * C2) & MASK, 33n) * C1) & MASK;
  let h1 = key.high;
  let h2 = key.low;
  const whole = data.length & ~15;
  for (let i = 0; i < whole; i += 16) {
    h1 ^= scramble1(data.readBigUInt64LE(i));
    h1 = ((rotateLeft(h1, 27n) + h2) * 5n + 0x52dce729n) & MASK;
    h2 ^= scramble2(data.readBigUInt64LE(i + 8));
    h2 = ((rotateLeft(h2, 31n) + h1) * 5n + 0x38495ab5n) & MASK;
  }
  if (whole < data.length) {
    const tail = Buffer.alloc(16);
    data.copy(tail, 0, whole);
    h2 ^= scramble2(tail.readBigUInt64LE(8));
    h1 ^= scramble1(tail.readBigUInt64LE(0));
  }
  const length = BigInt(data.length);
  h1 ^= length;
  h2 ^= length;
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  h1 = finalise(h1);
  h2 = finalise(h2);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return { high: h1, low: h2 };
}

class Writer {
  #parts = [];

  u8(value) { const b = Buffer.alloc(1); b.writeUInt8(value); return this.bytes(b); }
  u16(value) { const b = Buffer.alloc(2); b.writeUInt16LE(value); return this.bytes(b); }
  i32(value) { const b = Buffer.alloc(4); b.writeInt32LE(value | 0); return this.bytes(b); }
  i64(value) { const b = Buffer.alloc(8); b.writeBigInt64LE(BigInt.asIntN(64, value)); return this.bytes(b); }
  bytes(value) { this.#parts.push(value); return this; }
  text(value) { const b = Buffer.from(value); return this.u16(b.length).bytes(b); }
  version({ clock, origin }) { return this.i64(clock).i32(origin); }
  condition(expected) { return expected === undefined ? this.u8(0) : this.u8(1).version(expected ?? NO_VERSION); }
  digest({ high, low }) { return this.i64(high).i64(low); }

  frame(type, correlationId) {
    const payload = Buffer.concat(this.#parts);
    const header = new Writer().i32(HEADER_LENGTH + payload.length).u8(type).u8(0).u16(PROTOCOL_VERSION).i64(correlationId);
    return Buffer.concat([...header.#parts, payload]);
  }
}

class Reader {
  #data;
  #at;

  constructor(data, at) { this.#data = data; this.#at = at; }
  #take(length) {
    if (this.#at + length > this.#data.length) throw new SessionError('MALFORMED', 'a frame ends within a field');
    this.#at += length;
    return this.#at - length;
  }
  u8() { return this.#data.readUInt8(this.#take(1)); }
  u16() { return this.#data.readUInt16LE(this.#take(2)); }
  i32() { return this.#data.readInt32LE(this.#take(4)); }
  i64() { return this.#data.readBigInt64LE(this.#take(8)); }
  bytes(length) {
    if (length < 0) throw new SessionError('MALFORMED', 'a length is below 0');
    const at = this.#take(length);
    return this.#data.subarray(at, at + length);
  }
  text() { return this.bytes(this.u16()).toString(); }
  version() { return { clock: this.i64(), origin: this.i32() }; }
  digest() { return { high: this.i64() & MASK, low: this.i64() & MASK }; }
  entry() {
    const keyLength = this.u16();
    const valueLength = this.i32();
    const version = this.version();
    const life = this.i64();
    this.u8();
    const idleMs = this.i32() * TICK_MS;
    const idleLimitMs = this.i32() * TICK_MS;
    const lifetimeMs = this.i32() * TICK_MS;
    const key = this.bytes(keyLength).toString();
    const value = Buffer.from(this.bytes(valueLength));
    return { key, value, version, life, idleMs, idleLimitMs, lifetimeMs };
  }
}

const NO_VERSION = { clock: 0n, origin: 0 };

/**
 * One connection to a relay. Events once subscribed: 'session' (entry), 'invalidated' and 'deleted' (both { digest, version }).
 * 'close' (error or undefined). Every method that returns a promise rejects with a SessionError.
 */
export class SessionClient extends EventEmitter {
  #socket;
  #pathKey;
  #timeoutMs;
  #origin = randomInt(1, 2 ** 31 - 1);
  #received = Buffer.alloc(0);
  #open = new Map();
  #nextId = 1n;
  #lastClock = 0n;
  #offsetMicros = 0n;
  #epoch = 0n;
  #position = 0n;
  #maxStaleMs = 0;
  #known = new Map();
  #alive;
  #lastReceivedMs = Date.now();
  #closed = false;

  /**
   * Connects and greets.
   *
   * path: name of the path, as auth_path. host and port, or socketPath for a Unix socket. tls: options of tls.connect (ca, cert,
   * key, servername), or none for plain TCP. secret: where the path gives rights by one. timeoutMs: for each answer.
   */
  static async connect({ path, host = '127.0.0.1', port, socketPath, tls: secure, secret = '', timeoutMs = 2_000 }) {
    const client = new SessionClient(path, timeoutMs);
    const where = socketPath ? { path: socketPath } : { host, port };
    const socket = secure
      ? tls.connect({ minVersion: 'TLSv1.3', ...where, ...secure })
      : net.connect({ ...where, noDelay: true });
    try {
      await client.#begin(socket, secure ? 'secureConnect' : 'connect', path, secret);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return client;
  }

  constructor(path, timeoutMs) {
    super();
    this.#pathKey = digest(Buffer.from(path));
    this.#timeoutMs = timeoutMs;
  }

  async #begin(socket, connected, path, secret) {
    this.#socket = socket;
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new SessionError('TIMEOUT', 'no connection in time')), 5_000);
      socket.once(connected, () => { clearTimeout(timer); resolve(); });
      socket.once('error', (error) => { clearTimeout(timer); reject(new SessionError('CLOSED', error.message)); });
    });
    socket.on('data', (data) => this.#onData(data));
    socket.on('error', (error) => this.#end(new SessionError('CLOSED', error.message)));
    socket.on('close', () => this.#end());
    const id = randomBytes(16);
    const welcome = await this.#ask(TYPE.HELLO, new Writer()
      .u16(PROTOCOL_VERSION).u16(PROTOCOL_VERSION).u8(KIND_CLIENT)
      .i64(id.readBigInt64LE(0)).i64(id.readBigInt64LE(8))
      .i32(this.#origin).i32(0).i32(1).text(path).text(secret));
    welcome.u16();
    this.#epoch = welcome.i64();
    this.#position = welcome.i64();
    this.#offsetMicros = welcome.i64() - BigInt(Date.now()) * 1_000n;
    welcome.i32();
    welcome.u8();
    this.#maxStaleMs = Number(welcome.i64());
    this.#alive = setInterval(() => this.#keepAlive(), PING_MS);
    this.#alive.unref();
  }

  /**
   * Stores a session. ttlMs: lifetime; idleMs: idle time-out; ack: 'relay' or 'relief'; expected: the version, as get gives it, over which
   * alone it is stored, null where no session may be there.
   * Resolves with 'stored', 'superseded', 'condition failed' or 'beaten by a delete': somebody deleted it since this client last asked for it.
   */
  async set(key, value, { ttlMs = 0, idleMs = 0, ack = 'relay', expected } = {}) {
    const keyBytes = Buffer.from(key);
    const valueBytes = Buffer.from(value);
    if (expected && expected.clock > this.#lastClock) this.#lastClock = expected.clock;
    const version = this.#nextVersion();
    const known = this.#known.get(key);
    const answer = await this.#ask(TYPE.SESSION, new Writer()
      .u8(LEVELS[ack])
      // Up to where this client knows of deletes: what it was told when it last asked for the key, or was announced.
      .i64(this.#epoch).i64(known?.position > this.#position ? known.position : this.#position)
      .version(known?.tombstone ?? NO_VERSION)
      .condition(expected)
      .u16(keyBytes.length).i32(valueBytes.length).version(version).i64(version.clock).u8(UNCONFIRMED)
      .i32(0).i32(Math.ceil(idleMs / TICK_MS)).i32(Math.ceil(ttlMs / TICK_MS))
      .bytes(keyBytes).bytes(valueBytes));
    return OUTCOMES[this.#receipt(answer).outcome];
  }

  /** Resolves with the session ({ value, version, ... }), or null where every tier that could hold it has said no. */
  async get(key) {
    const keyBytes = Buffer.from(key);
    const answer = await this.#ask(TYPE.NEED_SESSION, new Writer().u16(keyBytes.length).bytes(keyBytes));
    const status = answer.u8();
    answer.i64();
    const position = answer.i64();
    if (status !== 0 && status !== 1) throw new SessionError('UNAVAILABLE', 'a tier did not answer, the session may be there');
    this.#remember(key, { position });
    return status === 0 ? answer.entry() : null;
  }

  /**
   * Deletes a session wherever it is. ack: 'relay', 'relief', or 'everywhere': no host serves it any more, which takes as long as the lease of
   * a host that is away. Resolves with whether a tier that has answered held it.
   */
  async delete(key, { ack = 'relay' } = {}) {
    const version = this.#nextVersion();
    const named = digest(Buffer.from(key), this.#pathKey);
    const answer = await this.#ask(
      TYPE.DELETE,
      new Writer().u8(LEVELS[ack]).i64(this.#epoch).i64(this.#position).digest(named).version(version));
    const receipt = this.#receipt(answer);
    this.#remember(key, { position: receipt.position, tombstone: receipt.version });
    if (ack === 'everywhere') {
      const longestMs = this.#maxStaleMs === 0 ? 3_600_000 : this.#maxStaleMs + 2 * this.#timeoutMs;
      await this.#ask(
        TYPE.NEED_EVERYWHERE, new Writer().digest(named).i64(receipt.epoch).i64(receipt.position), longestMs);
    }
    return receipt.held;
  }

  /** From now on 'session', 'invalidated' and 'deleted' events tell what other hosts change. */
  subscribe() {
    this.#send(TYPE.SUBSCRIBE, 0n, new Writer().i64(1n).i64(this.#epoch).i64(this.#position));
  }

  /** The digest by which a 'deleted' event names a key. */
  digestOf(key) {
    return digest(Buffer.from(key), this.#pathKey);
  }

  close() {
    if (this.#closed) return;
    this.#send(TYPE.GOODBYE, 0n, new Writer().u8(1));
    this.#socket.end();
    this.#end();
  }

  #nextVersion() {
    const now = (BigInt(Date.now()) * 1_000n + this.#offsetMicros) << 10n;
    this.#lastClock = now > this.#lastClock ? now : this.#lastClock + 2n;
    return { clock: this.#lastClock, origin: this.#origin };
  }

  #receipt(answer) {
    const outcome = answer.u8();
    const version = answer.version();
    answer.i64();
    const held = answer.u8() === 1;
    const epoch = answer.i64();
    const position = answer.i64();
    // The relay may have raised it, and the next version of ours has to be above.
    if (version.clock > this.#lastClock) this.#lastClock = version.clock;
    return { outcome, version, held, epoch, position };
  }

  #remember(key, what) {
    this.#known.delete(key);
    this.#known.set(key, what);
    if (this.#known.size > MAX_REMEMBERED) this.#known.delete(this.#known.keys().next().value);
  }

  #ask(type, payload, timeoutMs = this.#timeoutMs) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new SessionError('CLOSED', 'the connection has ended'));
        return;
      }
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new SessionError('TIMEOUT', `no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#open.set(id, { resolve, reject, timer });
      this.#send(type, id, payload);
    });
  }

  #send(type, id, payload) {
    const frame = payload.frame(type, id);
    if (frame.length > MAX_FRAME) throw new SessionError('TOO_LARGE', `frame of ${frame.length} bytes, limit ${MAX_FRAME}`);
    this.#socket.write(frame);
  }

  #onData(data) {
    this.#lastReceivedMs = Date.now();
    this.#received = this.#received.length ? Buffer.concat([this.#received, data]) : data;
    try {
      while (this.#received.length >= HEADER_LENGTH) {
        const length = this.#received.readInt32LE(0);
        if (length < HEADER_LENGTH || length > MAX_FRAME) throw new SessionError('MALFORMED', `a frame of ${length} bytes`);
        if (this.#received.length < length) return;
        const frame = this.#received.subarray(0, length);
        this.#received = this.#received.subarray(length);
        this.#onFrame(frame.readUInt8(4), frame.readBigInt64LE(8), new Reader(frame, HEADER_LENGTH));
      }
    } catch (error) {
      this.#socket.destroy();
      this.#end(error);
    }
  }

  #onFrame(type, id, reader) {
    switch (type) {
      case TYPE.PING:
        this.#send(TYPE.PONG, id, new Writer().i64(reader.i64()));
        break;
      case TYPE.ANNOUNCE_SESSION: {
        this.#applied(reader);
        this.emit('session', reader.entry());
        break;
      }
      case TYPE.ANNOUNCE_INVALIDATION: {
        this.#applied(reader);
        this.emit('invalidated', { digest: reader.digest(), version: reader.version() });
        break;
      }
      case TYPE.ANNOUNCE_DELETE: {
        this.#applied(reader);
        this.emit('deleted', { digest: reader.digest(), version: reader.version() });
        break;
      }
      case TYPE.ERROR: {
        const error = new SessionError(ERRORS[reader.u16()] ?? 'INTERNAL', reader.text());
        if (id === 0n) throw error;
        this.#answer(id)?.reject(error);
        break;
      }
      case TYPE.GOODBYE:
        this.#socket.end();
        break;
      case TYPE.WELCOME:
      case TYPE.SESSION_RECEIVED:
      case TYPE.SESSION_KNOWN:
      case TYPE.EVERYWHERE:
        this.#answer(id)?.resolve(reader);
        break;
      case TYPE.PONG:
        break;
      default:
        throw new SessionError('UNEXPECTED', `a frame of type ${type}`);
    }
  }

  #applied(reader) {
    const epoch = reader.i64();
    const position = reader.i64();
    if (epoch === this.#epoch && position > this.#position) this.#position = position;
  }

  #answer(id) {
    const question = this.#open.get(id);
    this.#open.delete(id);
    if (question) clearTimeout(question.timer);
    return question;
  }

  #keepAlive() {
    if (Date.now() - this.#lastReceivedMs > SILENCE_MS) {
      this.#socket.destroy();
      this.#end(new SessionError('CLOSED', 'the relay is silent'));
      return;
    }
    this.#send(TYPE.PING, this.#nextId++, new Writer().i64(process.hrtime.bigint()));
  }

  #end(error) {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#alive);
    for (const id of [...this.#open.keys()]) {
      this.#answer(id).reject(error ?? new SessionError('CLOSED', 'the connection has ended'));
    }
    this.emit('close', error);
  }
}
