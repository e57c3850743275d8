import type { Receiver } from '../../ipc/onread.js';

/**
 * A mutual challenge-response handshake: both ends of a connection prove that they know the key without sending it.
 *
 * The server sends a random challenge. The client answers with a challenge of its own and a proof over both; then the
 * server proves itself in the same way. The proof includes the role, so a reflected proof is invalid; the challenges are
 * random, so a recorded proof is invalid too. Everything has a fixed size: nothing is parsed before both sides are proven.
 */

export const KEY_SIZE = 32;
/** A connection without a valid proof is closed after this time, in milliseconds. */
export const HANDSHAKE_TIME = 5000;
const CHALLENGE_SIZE = 32;
const PROOF_SIZE = 32;

/** Loaded on demand: few processes connect to a manager. */
const crypto = () => process.getBuiltinModule('node:crypto');

/** One side of a handshake. */
export interface HandshakeSide {
  key: Uint8Array;
  write(bytes: Uint8Array): void;
  /** The other side has proven that it knows the key. */
  onProven(): void;
  /** The other side does not know the key, or does not follow the handshake. */
  onFailure(why: string): void;
}

/** The server's side of a handshake. */
export function welcomeClient({ key, write, onProven, onFailure }: HandshakeSide): Receiver {
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

/** The client's side of a handshake. */
export function greetServer({ key, write, onProven, onFailure }: HandshakeSide): Receiver {
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

/** In constant time, so that the time does not tell where the two differ. */
function isEqual(proof: Uint8Array, expected: Uint8Array): boolean {
  return proof.length === expected.length && crypto().timingSafeEqual(proof, expected);
}

/** Reads exactly `size` bytes. More bytes at once are a violation: the other side did not wait for the answer. */
class FixedReader implements Receiver {
  readonly #onFailure: HandshakeSide['onFailure'];
  readonly #onBytes: (bytes: Uint8Array, reader: FixedReader) => void;
  #bytes: Uint8Array;
  #filled = 0;
  #isOver = false;

  constructor(
    size: number,
    onFailure: HandshakeSide['onFailure'],
    onBytes: (bytes: Uint8Array, reader: FixedReader) => void,
  ) {
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
      this.#onFailure('it sent more than a handshake');
      return;
    }
    this.#bytes.set(chunk, this.#filled);
    this.#filled += chunk.length;
    if (this.#filled === this.#bytes.length) this.#onBytes(this.#bytes, this);
  }
}
