import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** Why a request is refused. */
export interface Refusal {
  status: 401 | 403;
  message: string;
}

/** Decides which requests are answered. */
export class Guard {
  readonly #names: ReadonlySet<string>;
  readonly #token: Buffer | undefined;

  /**
   * @param host - that the server listens on.
   * @param token - `undefined`: none is needed.
   */
  constructor(host: string, token: string | undefined) {
    this.#names = new Set(['localhost', hostname().toLowerCase(), host.toLowerCase()]);
    this.#token = token === undefined ? undefined : digest(token);
  }

  /**
   * Refuses what another site may have sent by way of a browser on this machine. A site that has its own name resolve to an
   * address of this machine (DNS rebinding) sends that name as the `Host`.
   */
  checkOrigin({ headers }: IncomingMessage): Refusal | undefined {
    const { host = '', origin } = headers;
    if (!this.#isOwn(host)) {
      return forbid('the Host header must be an IP address, localhost, the name of this machine or the option "host"');
    }
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      return forbid('requests of other origins are refused');
    }
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return forbid('requests of other sites are refused');
    }
    return undefined;
  }

  /** Refuses a request without the token, if there is one. */
  checkToken({ headers }: IncomingMessage): Refusal | undefined {
    if (this.#token === undefined) return undefined;
    const [, given] = /^Bearer ([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
    // Digests have the same length whatever was given.
    if (given !== undefined && timingSafeEqual(digest(given), this.#token)) return undefined;
    return { status: 401, message: 'the token is missing or wrong: open the address that the program has printed' };
  }

  #isOwn(host: string): boolean {
    const [, bracketed, name = bracketed] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d+)?$/i.exec(host) ?? [];
    return name !== undefined && (isIP(name) > 0 || this.#names.has(name.toLowerCase()));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function forbid(message: string): Refusal {
  return { status: 403, message };
}
