import functions from '../../tasks/functions.cjs';

export const work = functions.burn;
