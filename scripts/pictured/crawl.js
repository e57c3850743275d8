// The program of the picture of a distributed pool: node crawl.js URL. Its maps last longer than the picture takes.
import { DistributedPool } from 'aiomultiprocess/distributed';
import { fetchPage, indexPage } from './pages.js';

const pool = new DistributedPool({ queue: 'pages', connection: process.argv[2], chunkSize: 16, dashboard: true });
const urls = Array.from({ length: 20_000 }, (_, page) => `https://example.com/articles/${page}`);
await Promise.all([pool.map(fetchPage, urls).settled(), pool.map(indexPage, urls)]);
pool.close();
await pool.join();
