const { isMainProcess, Pool } = require('aiomultiprocess');

exports.double = async (value) => value * 2;

if (isMainProcess)
  Pool.using({ processes: 2 }, (pool) => pool.map(exports.double, [1, 2])).then((values) =>
    console.log(String(values)),
  );
