'use strict';

// The process of growth.js that is told by Node's own messages how long to wait.

process.on('message', (time) => setTimeout(() => process.send(0), time));
