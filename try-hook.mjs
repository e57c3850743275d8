import { createHook } from 'node:async_hooks';
const live = new Map();
createHook({ init(id, type) { if (type === 'Timeout') live.set(id, new Error().stack); }, destroy(id) { live.delete(id); } }).enable();
setTimeout(() => { for (const s of live.values()) console.log(s.split('\n').slice(3).join('\n'), '\n--'); process.exit(); }, 3500);
await import('./try-away.mjs');
