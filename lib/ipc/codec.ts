/** Messages to frames and back; one pair for each direction and process. */
export { Decoder } from './decoder.js';
export { Encoder } from './encoder.js';
