import type { StartOptions } from '../ipc/messages.js';

/** What the server is told first. */
export interface ServerOptions extends StartOptions {
  /** Holds its socket, and is there for as long as it is or is about to be. */
  folder: string;
  /** Where processes connect. */
  path: string;
  /** What they must know, in hexadecimal digits. */
  key: string;
}
