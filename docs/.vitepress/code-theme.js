// The colours of code, as variables that theme/style.css sets for light and dark pages. One theme for both: with two, each
// block would be analysed twice.
const colour = (name) => `var(--code-${name})`;

const SCOPES = {
  comment: ['comment', 'punctuation.definition.comment'],
  string: ['string', 'punctuation.definition.string', 'constant.other.symbol', 'markup.inline.raw'],
  number: ['constant.numeric', 'constant.language', 'constant.character', 'support.constant'],
  keyword: ['keyword', 'storage', 'variable.language.this', 'entity.name.tag', 'keyword.operator.new'],
  text: ['keyword.operator', 'punctuation', 'meta.brace'],
  function: ['entity.name.function', 'support.function', 'meta.function-call.generic'],
  type: ['entity.name.type', 'entity.name.class', 'support.type', 'support.class', 'entity.other.inherited-class'],
  property: ['entity.other.attribute-name', 'support.type.property-name', 'meta.object-literal.key'],
};

export default {
  name: 'site',
  type: 'light',
  colors: { 'editor.foreground': colour('text'), 'editor.background': colour('background') },
  settings: Object.entries(SCOPES).map(([name, scope]) => ({ scope, settings: { foreground: colour(name) } })),
};
