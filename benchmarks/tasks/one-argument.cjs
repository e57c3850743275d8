'use strict';

// For pools whose tasks take one value: the arguments travel as an array.

const functions = require('./functions.cjs');

for (const [name, fn] of Object.entries(functions)) {
  exports[name] = (args) => fn(args[0], args[1]);
}
