/** Messages to frames and back; one pair for each direction and process. */
export { Decoder } from './decoder.js';
export { ARGUMENTS, Encoder } from './encoder.js';
