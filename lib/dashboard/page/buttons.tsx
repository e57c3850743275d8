import { useEffect, useState } from 'preact/hooks';
import type { ActionRequest } from '../snapshot.js';
import { store } from './store.js';

/** How long a button asks for the second click, in milliseconds. */
const ASK_TIME = 4000;

/** A button for what cannot be undone: the first click asks, the second does it. */
export function ConfirmButton({ label, what, request }: { label: string; what: string; request: ActionRequest }) {
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    if (!isAsking) return;
    const timer = setTimeout(() => setAsking(false), ASK_TIME);
    return () => clearTimeout(timer);
  }, [isAsking]);
  const onClick = () => {
    if (isAsking) void store.act(request);
    setAsking(!isAsking);
  };
  return (
    <button
      type="button"
      class={isAsking ? 'small danger' : 'small'}
      onClick={onClick}
      aria-label={isAsking ? `Confirm: ${label} ${what}` : `${label} ${what}`}
    >
      {isAsking ? 'Confirm' : label}
    </button>
  );
}

export function ActionButton({ label, request }: { label: string; request: ActionRequest }) {
  return (
    <button type="button" onClick={() => void store.act(request)}>
      {label}
    </button>
  );
}
