import type { StartOptions } from '../ipc/messages.js';
import type { Endpoint } from './endpoint.js';

/** What the server is told first. */
export interface ServerOptions extends StartOptions, Endpoint {
  /** What they must know, in hexadecimal digits. */
  key: string;
}
