// A basket that one of a user's devices has at a time, as docs/queues.md describes it: its notes are pulled, its purchases remembered.
// No dependencies; runs in browsers.

const ITEMS = ['tea', 'milk', 'bread', 'jam'];
const CONNECTION_LOST = 0;
const MOVED = 4;
const PAUSE_MS = 1_000;

export const HERE = 'on this device';
export const COMING = 'coming to this device';
export const ELSEWHERE = 'on another device';
export const NOWHERE = 'not on this device';

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

/** First word, and what follows it. */
function cut(text) {
  const blank = text.indexOf(' ');
  return blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank + 1)];
}

export class Basket {
  #client;
  #onState;
  #onBought;
  #onNote;
  #name = null;
  #nonce = null;
  #bought = [];
  #lastNote = '';

  /** Counts what has become of the basket: what was begun before the last change of that ends by itself. */
  #turn = 0;

  /**
   * @param client   the GatewayClient
   * @param onState  told where the basket is, and which item is to be bought next, or undefined
   * @param onBought told what was bought, in order
   * @param onNote   told each note
   */
  constructor(client, { onState, onBought, onNote }) {
    this.#client = client;
    this.#onState = onState;
    this.#onBought = onBought;
    this.#onNote = onNote;
  }

  /** Takes the basket over, from whichever device has it, where that one was. */
  async take(name) {
    const turn = ++this.#turn;
    this.#name = name;
    this.#nonce = null;
    try {
      await this.#begin(turn, name);
    } catch (failure) {
      if (turn === this.#turn) {
        // Whether it has come here is not known: the user may try again.
        this.#forget(NOWHERE);
      }
      throw failure;
    }
  }

  async #begin(turn, name) {
    this.#tell(COMING);
    const [nonce] = cut(await this.#client.ask('queue/begin', name));
    const bought = await this.#client.ask('bought', name);
    if (turn === this.#turn) {
      this.#nonce = nonce;
      this.#show(bought);
      this.#pull(turn);
    }
  }

  /** Buys the next item. Nobody knows what a purchase without an answer has come to: then the device looks how far it is. */
  async buy() {
    const turn = this.#turn;
    const item = ITEMS[this.#bought.length];
    // Not twice, until it is known.
    this.#onState(HERE, undefined);
    try {
      const bought = await this.#client.ask('buy', `${this.#name} ${this.#nonce} ${this.#bought.length + 1} ${item}`);
      if (turn === this.#turn) {
        this.#show(bought);
      }
    } catch (failure) {
      if (turn === this.#turn && failure.code !== CONNECTION_LOST) {
        await (failure.code === MOVED ? this.#moved() : this.goOn());
      }
      throw failure;
    }
  }

  /**
   * The connection is back. Another device may have taken the basket meanwhile, and to begin or pull would take it from that one: only whose nonce still counts goes on, and
   * begins anew, as it may not have heard of its last purchase.
   */
  async goOn() {
    const name = this.#name;
    if (name === null) {
      return;
    }
    const turn = ++this.#turn;
    this.#tell(COMING);
    while (turn === this.#turn) {
      try {
        // Without a nonce it is not known whether the basket has come here at all: taking it again is the user's to decide.
        const counts = this.#nonce !== null && await this.#client.ask('queue/counts', `${name} ${this.#nonce}`) === 'true';
        if (turn === this.#turn) {
          await (counts ? this.#begin(turn, name) : this.#moved());
        }
        return;
      } catch (failure) {
        if (failure.code === CONNECTION_LOST) {
          return;
        }
        // A tier is away for a moment.
        await pause(PAUSE_MS);
      }
    }
  }

  /** The user has logged out here. */
  leave() {
    this.#forget(NOWHERE);
    this.#onBought([]);
  }

  #moved() {
    this.#forget(ELSEWHERE);
  }

  #forget(state) {
    this.#turn++;
    this.#name = null;
    this.#nonce = null;
    this.#tell(state);
  }

  #tell(state) {
    this.#onState(state, undefined);
  }

  #show(bought) {
    this.#bought = bought.split(';').filter(item => item !== '');
    this.#onState(HERE, ITEMS[this.#bought.length]);
    this.#onBought(this.#bought);
  }

  /** A pull ends another device's, so that each one looks before whether the basket is still here: of two that pull in turns one hears that it is not. */
  async #pull(turn) {
    const name = this.#name;
    const nonce = this.#nonce;
    while (turn === this.#turn) {
      try {
        const [end, rest] = cut(await this.#client.ask('queue/pull-to-acknowledge', name));
        if (turn !== this.#turn) {
          return;
        }
        if (end === 'message') {
          const [number, text] = cut(rest);
          if (number !== this.#lastNote) {
            // Else it comes again, as its acknowledgement was lost.
            this.#lastNote = number;
            this.#onNote(text);
          }
          await this.#client.ask('queue/acknowledge', `${name} ${number}`);
        } else if (end === 'closed') {
          await pause(PAUSE_MS);
        }
        if (turn === this.#turn && await this.#client.ask('queue/counts', `${name} ${nonce}`) === 'false' && turn === this.#turn) {
          this.#moved();
        }
      } catch (failure) {
        if (failure.code === CONNECTION_LOST) {
          // goOn comes with the next one.
          return;
        }
        await pause(PAUSE_MS);
      }
    }
  }
}
