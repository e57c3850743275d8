// A plugin of TypeDoc: what the comments of public names must contain, beyond what TypeDoc itself checks, and how the
// reference is divided.
import { CommentTag, Converter, ReferenceType, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';

const CALLABLE = ReflectionKind.Class | ReflectionKind.Function;

/** The groups of the reference, by the folder or file of lib/ that declares a name. */
const GROUPS = [
  ['pool/', 'Pools'],
  ['functions/', 'Tasks'],
  ['process/current-task', 'Tasks'],
  ['process/child-state', 'Tasks'],
  ['errors', 'Errors'],
  ['ipc/', 'Errors'],
  ['process/', 'Processes'],
  ['manager/', 'Manager'],
  ['shared-memory/', 'Shared memory'],
  ['observe/', 'Observability'],
  ['dashboard/', 'Observability'],
];

/** The name that a program imports each entry point by. */
const ENTRIES = {
  index: 'aiomultiprocess',
  metrics: 'aiomultiprocess/metrics',
  dashboard: 'aiomultiprocess/dashboard',
  distributed: 'aiomultiprocess/distributed',
};

/** @param {import('typedoc').Application} app */
export function load(app) {
  // A comment of a base class names errors that the module of a derived class does not import.
  app.converter.addUnknownSymbolResolver((reference, from, part) => {
    const name = reference.symbolReference?.path?.[0]?.path;
    if (part === undefined || name === undefined) return undefined;
    const target = modulesOf(from.project).flatMap((module) => module.getChildByName([name]) ?? [])[0];
    return target && { target };
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of modulesOf(project)) {
      module.name = ENTRIES[module.name] ?? app.logger.warn(`${module.name} is in no ENTRIES of typedoc-rules.js`);
      if (module.name !== ENTRIES.distributed) for (const name of module.children ?? []) setGroup(project, name);
    }
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const name of modulesOf(project).flatMap((module) => module.children ?? []))
      for (const problem of problemsOf(name)) app.logger.warn(`${name.getFullName()} ${problem}`);
  });
  // After all handlers of TypeDoc itself.
  const simplifyAll = ({ project }) => Object.values(project.reflections).forEach(simplify);
  app.converter.on(Converter.EVENT_RESOLVE_END, simplifyAll, -10_000);
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents && shorten(page.contents);
  });
}

/** @param {import('typedoc').ProjectReflection} project */
function modulesOf(project) {
  return project.getChildrenByKind(ReflectionKind.Module);
}

function setGroup(project, name) {
  const file = project.getSymbolIdFromReflection(name)?.fileName ?? '';
  const group = GROUPS.find(([path]) => file.includes(`/lib/${path}`))?.[1];
  const comments = [name, ...(name.signatures ?? [])].map(({ comment }) => comment);
  const comment = comments.find((each) => each !== undefined);
  if (group === undefined || comment === undefined) return;
  const tag = new CommentTag('@group', [{ kind: 'text', text: group }]);
  for (const each of comments) each?.removeTags('@group');
  (name.comment ?? comment).blockTags.push(tag);
}

/** @param {import('typedoc').DeclarationReflection} name */
function* problemsOf(name) {
  // Exported by several entry points, and described on one page.
  if (name.kindOf(ReflectionKind.Reference)) return;
  const comments = [name, ...(name.signatures ?? [])].map(({ comment }) => comment).filter(Boolean);
  const has = (tag) => comments.some((comment) => comment.getTag(tag) !== undefined);
  if (!has('@since')) yield 'has no @since: the version that added it';
  if (name.kindOf(CALLABLE) && !isError(name) && !has('@example')) yield 'has no @example';
}

/** All errors are used alike: their base class has the example. */
function isError({ name }) {
  return name.endsWith('Error') && name !== 'AiomultiprocessError';
}

/** A line for the version, without a heading that the outline of the page would list; and one heading for all errors. */
function shorten(page) {
  let text = page.replaceAll(/^#+ Since\n\n(.+)$/gm, '_Since $1_');
  for (let before = ''; text !== before; ) {
    before = text;
    text = text.replaceAll(/^(#+ Throws\n\n(?:(?!#|\*\*\*).*\n)*)#+ Throws\n\n/gm, '$1');
  }
  return text;
}

/** Removes what a reader cannot use: base classes and interfaces that no program can import, and where a member comes from. */
function simplify(reflection) {
  const isShown = (type) => !(type instanceof ReferenceType) || type.reflection !== undefined || !isOwn(type);
  const shown = reflection.implementedTypes?.filter(isShown);
  if (shown !== undefined) reflection.implementedTypes = shown.length === 0 ? undefined : shown;
  const hierarchy = reflection.typeHierarchy;
  if (hierarchy !== undefined && !hierarchy.isTarget) {
    hierarchy.types = hierarchy.types.filter(isShown);
    if (hierarchy.types.length === 0) reflection.typeHierarchy = hierarchy.next;
  }
  for (const origin of ['inheritedFrom', 'overwrites', 'implementationOf']) delete reflection[origin];
}

function isOwn(type) {
  const file = type.symbolId?.fileName ?? '';
  return !file.includes('node_modules');
}
