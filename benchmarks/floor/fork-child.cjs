'use strict';

// The least that a child process can be: it says that it is there, and stays.

process.send('ready');
process.on('disconnect', () => process.exit());
