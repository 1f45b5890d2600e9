// The vectors of transport/PROTOCOL.md section 7. Run: node --test samples/javascript
import assert from 'node:assert/strict';
import test from 'node:test';
import { digest } from './global-sessions.mjs';

const vectors = [
  ['hello', undefined, 'cbd8a7b341bd9b02', '5b1e906a48ae1d19'],
  ['sessions', undefined, '2d4ca2f1dbc637c5', '6ddd17b9cf495e91'],
  ['key-1', 'sessions', 'f7973cdada5867f3', '46aed3ae48b513c4'],
  ['0123456789abcdef0123', 'sessions', '209495d6fee09b63', '12effde0a4d7f898'],
  ['0123456789abcdef0123456789abcdef', 'sessions', 'eeadd5ab960a9ecc', 'fc58e693f3822dc4'],
];

for (const [text, path, high, low] of vectors) {
  test(`should give the digest of the protocol's page for ${text} under ${path ?? '0, 0'}`, () => {
    const key = path === undefined ? undefined : digest(Buffer.from(path));
    assert.deepEqual(digest(Buffer.from(text), key), { high: BigInt(`0x${high}`), low: BigInt(`0x${low}`) });
  });
}
