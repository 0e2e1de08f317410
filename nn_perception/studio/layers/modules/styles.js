/** The look of what stands over the picture as HTML: titles, the tooltip, sentences. */

const RULES = `
.nn-layer-scene { position: relative; overflow: hidden; min-height: 240px; }
.nn-ls-canvas { position: absolute; inset: 0; display: block; touch-action: none; cursor: grab; }
.nn-ls-canvas:active { cursor: grabbing; }
.nn-ls-canvas.nn-ls-over { cursor: pointer; }
.nn-ls-canvas:focus-visible { outline: 3px solid var(--nn-focus, #0b7285); outline-offset: -3px; }
.nn-ls-labels { position: absolute; inset: 0; overflow: hidden; pointer-events: none;
  font-size: 12px; line-height: 1.25; color: var(--nn-text, #1c2126); }
.nn-ls-label { position: absolute; left: 0; top: 0; white-space: nowrap; text-align: center;
  padding: 2px 6px; border-radius: 6px; pointer-events: auto; cursor: pointer;
  background: color-mix(in srgb, var(--nn-surface, #fff) 78%, transparent); user-select: none; }
.nn-ls-label::after { content: ""; position: absolute; left: 50%; top: 100%; width: 1px;
  height: var(--leader, 0); background: var(--nn-soft, #57606a); opacity: 0.5; }
.nn-ls-title { font-weight: 600; }
.nn-ls-size { display: block; font-size: 11px; color: var(--nn-soft, #57606a);
  font-variant-numeric: tabular-nums; }
.nn-ls-best { display: block; font-size: 11px; font-weight: 600;
  color: var(--nn-primary, #0b7285); }
.nn-ls-stage { border: 1px solid var(--nn-line, #d9dee3); }
.nn-ls-selected { outline: 2px solid var(--nn-focus, #0b7285); }
.nn-ls-close { all: unset; cursor: pointer; margin-left: 4px; padding: 0 4px; border-radius: 4px;
  font-weight: 700; color: var(--nn-soft, #57606a); }
.nn-ls-close:hover { background: var(--nn-line, #d9dee3); color: var(--nn-text, #1c2126); }
.nn-ls-score { position: absolute; left: 0; top: 0; white-space: nowrap; font-size: 11px;
  padding: 0 3px; border-radius: 3px; font-variant-numeric: tabular-nums;
  background: color-mix(in srgb, var(--nn-surface, #fff) 70%, transparent); }
.nn-ls-score.nn-ls-first { font-weight: 700; font-size: 13px;
  color: var(--nn-primary, #0b7285); }
.nn-ls-legend { position: absolute; left: 10px; bottom: 8px; display: flex; gap: 6px;
  align-items: center; font-size: 11px; color: var(--nn-soft, #57606a); }
.nn-ls-legend[hidden] { display: none; }
.nn-ls-colours { width: 90px; height: 8px; border-radius: 4px; }
.nn-ls-tip { position: absolute; left: 0; top: 0; max-width: 260px; padding: 6px 9px;
  border-radius: 8px; font-size: 12px; pointer-events: none; white-space: pre-line;
  background: var(--nn-raised, #fff); border: 1px solid var(--nn-line, #d9dee3);
  box-shadow: 0 2px 10px rgb(0 0 0 / 20%); font-variant-numeric: tabular-nums; }
.nn-ls-tip b { display: block; }
.nn-ls-problem { position: absolute; inset: 0; display: flex; align-items: center;
  justify-content: center; padding: 20px; text-align: center; pointer-events: none;
  color: var(--nn-text, #1c2126); background: var(--nn-surface, #fff); }
.nn-ls-problem[hidden], .nn-ls-tip[hidden] { display: none; }
.nn-ls-said { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
`;

let sheet = null;

/** Add the rules to the page, once. */
export function addStyles() {
  if (sheet) return;
  sheet = new CSSStyleSheet();
  sheet.replaceSync(RULES);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
