import { Pool } from 'aiomultiprocess';

try {
  new Pool();
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}
