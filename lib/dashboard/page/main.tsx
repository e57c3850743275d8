import 'uplot/dist/uPlot.min.css';
import './page.css';
import { render } from 'preact';
import { App } from './app.js';
import { store } from './store.js';

store.open();
render(<App />, document.getElementById('page') as HTMLElement);
