/** A number with its name. */
export function Tile(props: {
  name: string;
  value: string;
  note?: string;
  tone?: 'good' | 'bad' | undefined;
  children?: preact.ComponentChildren;
}) {
  const { name, value, note = '', tone, children } = props;
  return (
    <div class={`tile ${tone ?? ''}`}>
      <dt>{name}</dt>
      <dd>
        <span class="value">{value}</span> {note !== '' && <span class="note">{note}</span>}
        {children}
      </dd>
    </div>
  );
}
