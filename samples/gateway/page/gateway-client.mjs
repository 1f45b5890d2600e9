// A client of a gateway, as transport/GATEWAY.md defines it: over a WebSocket, or long polling where that cannot be had.
// No dependencies; runs in browsers.

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const PING_EVERY_MS = 20_000;
const WELCOME_WITHIN_MS = 15_000;

/** A link that ends sooner was no success: two tabs with one identifier would else take it from each other all the time. */
const LASTING_MS = 5_000;

export class RequestError extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

/** One client: goes on with its identifier after the connection is lost, and begins anew where the gateway does not know it any more. */
export class GatewayClient {
  #base;
  #storage;
  #key;
  #onState;
  #onPush;
  #polls;
  #hasOpened = false;
  #link = null;
  #identifier;
  #welcomedAt = 0;
  #open = new Map();
  // Answers to a page that was here before, with the same identifier, are none of this one's.
  #number = Date.now();
  #pause = FIRST_PAUSE_MS;
  #timer = null;
  #pings;
  #closed = false;
  #awaitsPong = false;
  #hurry = () => this.#reconnect(0);

  /**
   * @param base    the gateway, such as "https://shop.example:8443"
   * @param storage keeps the identifier while the page is loaded again: sessionStorage, so that each tab is a client of its own
   * @param onState told "connecting", "connected" (with whether the client is a new one) or "denied" (with why)
   * @param onPush  told method and parameters of each message
   * @param polls   true for long polling from the start
   */
  constructor(base, { storage = sessionStorage, onState = () => {}, onPush = () => {}, polls = false } = {}) {
    this.#base = base;
    this.#storage = storage;
    // The identifier is a secret between this page and that gateway.
    this.#key = `client of ${base}`;
    this.#onState = onState;
    this.#onPush = onPush;
    this.#polls = polls;
    this.#identifier = storage.getItem(this.#key);
    this.#pings = setInterval(() => this.#ping(), PING_EVERY_MS);
    addEventListener('online', this.#hurry);
    this.#connect();
  }

  /** Asks the application; rejects with a RequestError of its code, or where the connection is lost before the answer. */
  ask(method, params = '') {
    if (!this.#link?.isOpen) {
      return Promise.reject(new RequestError(0, 'not connected'));
    }
    const number = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#open.set(number, { resolve, reject });
      this.#link.send(params === '' ? `ask ${number} ${method}` : `ask ${number} ${method} ${params}`);
    });
  }

  /** Leaves: the client is gone then. */
  bye() {
    this.#stop();
    if (this.#link?.isOpen) {
      this.#link.send('bye');
    } else {
      this.#link?.close();
    }
    this.#forget();
  }

  #stop() {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#pings);
    removeEventListener('online', this.#hurry);
  }

  /** Keeps the client from being taken for silent, and finds out where the network is gone without a word. */
  #ping() {
    if (this.#link?.isOpen) {
      if (this.#awaitsPong) {
        this.#link.close();
      } else {
        this.#awaitsPong = true;
        this.#link.send('ping');
      }
    }
  }

  #connect() {
    this.#awaitsPong = false;
    this.#onState('connecting');
    const Link = this.#polls ? PollLink : WebSocketLink;
    const link = new Link(this.#base, this.#identifier, {
      onMessage: message => link === this.#link && this.#receive(message),
      onEnd: opened => link === this.#link && this.#lost(opened),
    });
    this.#link = link;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => link.close(), WELCOME_WITHIN_MS);
  }

  #lost(opened) {
    this.#link = null;
    this.#open.forEach(({ reject }) => reject(new RequestError(0, 'the connection was lost')));
    this.#open.clear();
    if (Date.now() - this.#welcomedAt > LASTING_MS && this.#welcomedAt > 0) {
      this.#pause = FIRST_PAUSE_MS;
    }
    this.#welcomedAt = 0;
    // Something between here and the gateway may let no WebSocket through: until one way has worked, each attempt is made the other way.
    this.#hasOpened ||= opened;
    this.#polls = this.#hasOpened ? this.#polls : !this.#polls;
    this.#reconnect(this.#pause * (0.5 + Math.random()));
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  #reconnect(afterMs) {
    if (this.#link === null && !this.#closed) {
      this.#onState('connecting');
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#connect(), afterMs);
    }
  }

  #receive(message) {
    const [word, rest] = cut(message);
    if (word === 'welcome') {
      const isNew = rest !== this.#identifier;
      clearTimeout(this.#timer);
      this.#welcomedAt = Date.now();
      this.#keep(rest);
      this.#link.isOpen = true;
      this.#onState('connected', isNew);
    } else if (word === 'pong') {
      this.#awaitsPong = false;
    } else if (word === 'renamed') {
      this.#keep(rest);
    } else if (word === 'denied') {
      this.#denied(rest);
    } else if (word === 'gone') {
      this.#forget();
    } else if (word === 'push') {
      this.#onPush(...cut(rest));
    } else if (word === 'answer') {
      const [number, result] = cut(rest);
      this.#take(number)?.resolve(result);
    } else if (word === 'error') {
      const [number, failure] = cut(rest);
      const [code, text] = cut(failure);
      this.#take(number)?.reject(new RequestError(Number(code), text));
    }
  }

  #denied(why) {
    if (this.#identifier !== null && why === 'unknown client') {
      // It is gone; this page begins as a new one.
      this.#forget();
    } else if (!why.endsWith('try again later')) {
      this.#stop();
      this.#onState('denied', why);
    }
  }

  #take(number) {
    const open = this.#open.get(Number(number));
    this.#open.delete(Number(number));
    return open;
  }

  #keep(identifier) {
    this.#identifier = identifier;
    this.#storage.setItem(this.#key, identifier);
    this.#link.identifier = identifier;
  }

  #forget() {
    this.#identifier = null;
    this.#storage.removeItem(this.#key);
  }
}

/** First word, and what follows it. */
function cut(text) {
  const blank = text.indexOf(' ');
  return blank < 0 ? [text, ''] : [text.slice(0, blank), text.slice(blank + 1)];
}

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

class WebSocketLink {
  isOpen = false;
  #socket;
  #end;

  constructor(base, identifier, { onMessage, onEnd }) {
    let opened = false;
    let ended = false;
    this.#end = () => {
      if (!ended) {
        ended = true;
        this.isOpen = false;
        onEnd(opened);
      }
    };
    this.#socket = new WebSocket(`${base.replace(/^http/, 'ws')}/ws`);
    this.#socket.onopen = () => {
      opened = true;
      this.#socket.send(identifier === null ? 'hello' : `hello ${identifier}`);
    };
    this.#socket.onmessage = event => onMessage(event.data);
    this.#socket.onclose = this.#end;
  }

  close() {
    this.#socket.close();
    // The browser itself tells of the end of a socket whose peer does not answer only when it gives it up.
    this.#end();
  }

  send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(message);
    }
  }
}

class PollLink {
  isOpen = false;
  identifier;
  #url;
  #onMessage;
  #end;
  #ended = false;
  #aborter = new AbortController();
  #last = Promise.resolve();

  constructor(base, identifier, { onMessage, onEnd }) {
    this.#url = `${base}/poll`;
    this.identifier = identifier;
    this.#onMessage = onMessage;
    let opened = false;
    this.#end = () => {
      if (!this.#ended) {
        this.#ended = true;
        this.isOpen = false;
        this.#aborter.abort();
        onEnd(opened);
      }
    };
    // A client that goes on says so by its header, with any message.
    this.#post(identifier === null ? 'hello' : 'ping').then(async reply => {
      opened = true;
      const text = await reply.text();
      onMessage(reply.ok && identifier !== null ? `welcome ${identifier}` : text);
      if (!reply.ok) {
        this.#end();
      }
      while (!this.#ended) {
        await this.#poll();
      }
    }).catch(this.#end);
  }

  close() {
    this.#end();
  }

  /** One after the other: what overtook another would be another order of requests. None after the end, of which who has asked was told. */
  send(message) {
    this.#last = this.#last
      .then(() => this.#ended || this.#post(message).then(reply => reply.ok || this.#end()))
      .catch(this.#end);
  }

  #post(message) {
    const headers = this.identifier === null ? {} : { 'x-client': this.identifier };
    return fetch(this.#url, { method: 'POST', body: message, headers, signal: this.#aborter.signal });
  }

  async #poll() {
    const begun = Date.now();
    const reply = await fetch(this.#url, { headers: { 'x-client': this.identifier }, signal: this.#aborter.signal });
    if (!reply.ok) {
      throw new Error(`poll: status=${reply.status}`);
    }
    let text = await reply.text();
    if (text === '' && Date.now() - begun < FIRST_PAUSE_MS) {
      // Another poll of this client took over at once: of a tab that was duplicated, say.
      await pause(LONGEST_PAUSE_MS);
    }
    while (text !== '') {
      const [length, rest] = cut(text);
      this.#onMessage(rest.slice(0, Number(length)));
      text = rest.slice(Number(length));
    }
  }
}
