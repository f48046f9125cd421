// A model's Markdown as HTML, by the same rules as chat/markdown.py, so that the swap to the stored HTML is invisible.
// Uses the globals of the vendored UMD files: markdownit and DOMPurify.

const ALLOWED = {
  RETURN_DOM_FRAGMENT: true,
  ALLOWED_TAGS: [
    'p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 's', 'code', 'pre', 'blockquote',
    'ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'a',
  ],
  ALLOWED_ATTR: ['href', 'target', 'rel', 'class', 'start'],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  // DOMPurify holds every other attribute against the pattern for addresses.
  ADD_URI_SAFE_ATTR: ['target', 'rel', 'start'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|\/(?!\/))/i,
};

// The highlighter's output: nothing but text in spans.
const HIGHLIGHTED = { RETURN_DOM_FRAGMENT: true, ALLOWED_TAGS: ['span'], ALLOWED_ATTR: ['class'] };

// The bounds of chat/markdown.py, where their reasons are.
const MOST_OPEN_BRACKETS = 10;
const LABEL = /\[[^\[\]`\\<]*(?:(?<!`)`[^`\[\]]+`(?!`)[^\[\]`\\<]*)*\]/g;
const LONGEST_PARSED = 400_000;

export function createParser(MarkdownIt = globalThis.markdownit) {
  const md = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
  md.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  md.linkify.add('//', null).add('ftp:', null);
  boundWork(md);
  Object.assign(md.renderer.rules, {
    th_open: cellOpen,
    td_open: cellOpen,
    link_open: linkOpen,
    image: (tokens, index) => imageAsLink(tokens[index], md.utils.escapeHtml),
  });
  return md;
}

function boundWork(md) {
  const { block } = md;
  const linkless = new md.inline.constructor();
  linkless.ruler.disable(['link', 'image']);

  md.core.ruler.at('block', (state) => {
    if (state.src.length <= LONGEST_PARSED) {
      block.parse(state.src, state.md, state.env, state.tokens);
    } else {
      const token = new state.Token('code_block', 'code', 0);
      token.content = state.src;
      state.tokens.push(token);
    }
  });

  md.core.ruler.at('inline', (state) => {
    for (const token of state.tokens.filter(({ type }) => type === 'inline')) {
      const rules = hasCostlyBrackets(token.content) ? linkless : md.inline;
      rules.parse(token.content, state.md, state.env, token.children);
    }
  });
}

function hasCostlyBrackets(text) {
  return bracketsIn(text) > MOST_OPEN_BRACKETS && bracketsIn(text.replace(LABEL, '')) > MOST_OPEN_BRACKETS;
}

function bracketsIn(text) {
  return text.split('[').length - 1;
}

// Alignment as a class: the policy of the page forbids style attributes and reports every one.
function cellOpen(tokens, index, options, env, renderer) {
  const token = tokens[index];
  const style = token.attrGet('style');
  if (style) {
    token.attrs = token.attrs.filter(([name]) => name !== 'style');
    token.attrJoin('class', `ta-${style.replace('text-align:', '')[0]}`);
  }
  return renderer.renderToken(tokens, index, options);
}

function linkOpen(tokens, index, options, env, renderer) {
  tokens[index].attrSet('target', '_blank');
  tokens[index].attrSet('rel', 'noopener noreferrer nofollow');
  return renderer.renderToken(tokens, index, options);
}

// A link that names its host. An image that loads by itself would carry words of the chat to whoever serves it.
function imageAsLink(token, escape) {
  const source = token.attrGet('src') || '';
  const host = /^https?:\/\/([^/?#]+)/i.exec(source);
  const label = (token.content || 'image') + (host ? ` (${host[1]})` : '');
  return `<a href="${escape(source)}" class="image" target="_blank" rel="noopener noreferrer nofollow">${escape(label)}</a>`;
}

export function safeFragment(html) {
  return DOMPurify.sanitize(html, ALLOWED);
}

export function highlightedFragment(html) {
  return DOMPurify.sanitize(html, HIGHLIGHTED);
}
