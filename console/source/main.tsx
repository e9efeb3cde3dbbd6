import '@preact/signals';
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import { App } from './app.tsx';
import { language, speak } from './words/language.ts';

const AGAIN_MS = 2_000;

async function start(root: HTMLElement): Promise<void> {
  try {
    await speak(language.value);
  } catch {
    root.textContent = 'Vigie: no answer, trying again… / pas de réponse, nouvel essai…';
    setTimeout(() => void start(root), AGAIN_MS);
    return;
  }
  root.replaceChildren();
  render(<App />, root);
}

const root = document.getElementById('console');
if (root !== null) void start(root);
