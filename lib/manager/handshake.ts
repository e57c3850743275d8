import type { Receiver } from '../ipc/onread.js';

/**
 * How the two ends of a connection prove that they know the key, without showing it.
 *
 * The server sends a random challenge. The client answers with one of its own and a proof over both; then the server
 * proves itself the same way. The proof names the role, so one that is sent back is no proof, and the challenges are new
 * each time, so one that was recorded is none either. Everything has a fixed size: nothing is parsed before.
 */

export const KEY_SIZE = 32;
/** Whoever has not proven to know the key by then is dropped, in milliseconds. */
export const HANDSHAKE_TIME = 5000;
const CHALLENGE_SIZE = 32;
const PROOF_SIZE = 32;

/** Loaded when it is needed: few processes connect to a manager. */
const crypto = () => process.getBuiltinModule('node:crypto');

/** The other side does not know the key, or what it sends is no handshake. */
type OnFailure = (why: string) => void;

/** The server's side of one connection. */
export function welcomeClient(
  key: Uint8Array,
  write: (bytes: Uint8Array) => void,
  onProven: () => void,
  onFailure: OnFailure,
): Receiver {
  const challenge = createChallenge();
  write(challenge);
  return new FixedReader(CHALLENGE_SIZE + PROOF_SIZE, onFailure, (answer) => {
    const theirs = answer.subarray(0, CHALLENGE_SIZE);
    const proof = answer.subarray(CHALLENGE_SIZE);
    if (!isEqual(proof, prove(key, 'client', challenge, theirs))) return onFailure('it does not know the key');
    write(prove(key, 'server', challenge, theirs));
    onProven();
  });
}

/** The client's side. */
export function greetServer(
  key: Uint8Array,
  write: (bytes: Uint8Array) => void,
  onProven: () => void,
  onFailure: OnFailure,
): Receiver {
  const challenge = createChallenge();
  let theirs: Uint8Array | undefined;
  return new FixedReader(CHALLENGE_SIZE, onFailure, (bytes, reader) => {
    if (theirs === undefined) {
      theirs = bytes;
      write(Buffer.concat([challenge, prove(key, 'client', theirs, challenge)]));
      reader.expect(PROOF_SIZE);
    } else if (isEqual(bytes, prove(key, 'server', theirs, challenge))) onProven();
    else onFailure('it does not know the key');
  });
}

function createChallenge(): Uint8Array {
  return crypto().randomBytes(CHALLENGE_SIZE);
}

function prove(key: Uint8Array, role: 'client' | 'server', server: Uint8Array, client: Uint8Array): Uint8Array {
  return crypto().createHmac('sha256', key).update(`aiomultiprocess ${role}\0`).update(server).update(client).digest();
}

/** Takes the same time wherever the two differ. */
function isEqual(proof: Uint8Array, expected: Uint8Array): boolean {
  return proof.length === expected.length && crypto().timingSafeEqual(proof, expected);
}

/** Takes so many bytes, and none that come with them: whoever sends more has not waited for its answer. */
class FixedReader implements Receiver {
  readonly #onFailure: OnFailure;
  readonly #onBytes: (bytes: Uint8Array, reader: FixedReader) => void;
  #bytes: Uint8Array;
  #filled = 0;
  #isOver = false;

  constructor(size: number, onFailure: OnFailure, onBytes: (bytes: Uint8Array, reader: FixedReader) => void) {
    this.#bytes = new Uint8Array(size);
    this.#onFailure = onFailure;
    this.#onBytes = onBytes;
  }

  expect(size: number): void {
    this.#bytes = new Uint8Array(size);
    this.#filled = 0;
  }

  getPlace(): undefined {
    return undefined;
  }

  fill(): void {}

  receive(chunk: Uint8Array): void {
    if (this.#isOver) return;
    if (chunk.length > this.#bytes.length - this.#filled) {
      this.#isOver = true;
      this.#onFailure('what it sends is no handshake');
      return;
    }
    this.#bytes.set(chunk, this.#filled);
    this.#filled += chunk.length;
    if (this.#filled === this.#bytes.length) this.#onBytes(this.#bytes, this);
  }
}
