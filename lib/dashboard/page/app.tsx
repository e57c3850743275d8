import { useEffect, useRef, useState } from 'preact/hooks';
import type { PoolSnapshot, Snapshot } from '../snapshot.js';
import { formatAge } from './format.js';
import { PoolView } from './pool-view.js';
import { type Status, store, useStore } from './store.js';
import { ThemeButton } from './theme.js';

export function App() {
  const { status, snapshot, refusal, problem } = useStore();
  return (
    <>
      <Header status={status} snapshot={snapshot} />
      <main>
        {problem !== '' && (
          <p class="notice bad" role="alert">
            Not done: {problem}
          </p>
        )}
        {status === 'refused' && <TokenForm reason={refusal} />}
        {status !== 'refused' && snapshot === undefined && <p class="empty">Waiting for the program …</p>}
        {status !== 'refused' && snapshot !== undefined && <Pools snapshot={snapshot} isLive={status === 'live'} />}
      </main>
    </>
  );
}

function Header({ status, snapshot }: { status: Status; snapshot: Snapshot | undefined }) {
  const program = snapshot?.program;
  return (
    <header class="top">
      <div class="brand">
        <img src="icon.svg" alt="" width="28" height="28" />
        <h1>{program?.name ?? 'aiomultiprocess'}</h1>
      </div>
      {program && (
        <p class="program">
          process {program.pid} · Node.js {program.node.slice(1)} · up {formatAge(program.uptime)}
        </p>
      )}
      <StatusPill status={status} />
      <ThemeButton />
    </header>
  );
}

const STATUS_TEXTS: Record<Status, string> = {
  connecting: 'connecting',
  live: 'live',
  stalled: 'not responding',
  lost: 'not reachable',
  full: 'too many pages are open',
  refused: 'locked',
};

function StatusPill({ status }: { status: Status }) {
  return (
    <p class={`status ${status}`} role="status">
      <span class="dot" aria-hidden="true" />
      {STATUS_TEXTS[status]}
    </p>
  );
}

function TokenForm({ reason }: { reason: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <form
      class="panel token"
      onSubmit={(event) => {
        event.preventDefault();
        store.enterToken(input.current?.value.trim() ?? '');
      }}
    >
      <h2>This dashboard is locked</h2>
      <p>{reason}</p>
      <label for="token">Token</label>
      <div class="row">
        <input id="token" ref={input} type="password" autocomplete="off" required />
        <button type="submit">Open</button>
      </div>
    </form>
  );
}

/** The pools of the program, one at a time. */
function Pools({ snapshot, isLive }: { snapshot: Snapshot; isLive: boolean }) {
  const [chosen, choose] = useState('');
  const { pools, clock, actions } = snapshot;
  const pool = pools.find(({ id }) => id === chosen) ?? pools[0];
  useEffect(() => {
    if (pool !== undefined && pool.id !== chosen) choose(pool.id);
  });
  if (pool === undefined) return <p class="empty">The program has no pool at the moment.</p>;
  return (
    <div class={isLive ? undefined : 'stale'}>
      {pools.length > 1 && <Tabs pools={pools} chosen={pool.id} onChoose={choose} />}
      <section id="pool" aria-label={`Pool ${pool.name}`}>
        <PoolView key={pool.id} pool={pool} clock={clock} actions={actions && pool.state !== 'ended'} />
      </section>
    </div>
  );
}

function Tabs({
  pools,
  chosen,
  onChoose,
}: {
  pools: readonly PoolSnapshot[];
  chosen: string;
  onChoose(id: string): void;
}) {
  return (
    <nav class="tabs" aria-label="Pools">
      {pools.map(({ id, name, state, running, queued }) => (
        <button
          key={id}
          type="button"
          aria-pressed={id === chosen}
          onClick={() => onChoose(id)}
          class={state === 'ended' ? 'ended' : undefined}
        >
          <span>{name}</span>
          <small>{state === 'open' ? (running + queued > 0 ? 'busy' : 'idle') : state}</small>
        </button>
      ))}
    </nav>
  );
}
