// As little of a Redis client as LPUSH and RPOP need: commands of a turn go out in one write, answers come in order.
const { connect } = require('node:net');

class RedisClient {
  constructor(path) {
    this.waiting = [];
    this.commands = '';
    this.rest = '';
    this.socket = connect(path);
    this.socket.setEncoding('latin1');
    this.socket.on('data', (chunk) => this.receive(chunk));
    this.socket.unref();
  }

  send(...words) {
    if (this.commands === '') process.nextTick(() => this.flush());
    this.commands += `*${words.length}\r\n`;
    for (const word of words) this.commands += `$${word.length}\r\n${word}\r\n`;
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  flush() {
    this.socket.write(this.commands);
    this.commands = '';
  }

  receive(chunk) {
    const text = this.rest + chunk;
    let at = 0;
    for (;;) {
      const end = text.indexOf('\r\n', at);
      if (end < 0) break;
      if (text[at] !== '$') {
        this.waiting.shift()(Number(text.slice(at + 1, end)));
        at = end + 2;
        continue;
      }
      const stop = end + 2 + Number(text.slice(at + 1, end));
      if (text.length < stop + 2) break;
      this.waiting.shift()(text.slice(end + 2, stop));
      at = stop + 2;
    }
    this.rest = text.slice(at);
  }
}

let client;

/** The one connection of this process. */
exports.getClient = (path) => {
  client ??= new RedisClient(path);
  return client;
};
