/** Line icons on a grid of 20. */

const PATHS = {
  chat: "M4 5.5A1.5 1.5 0 0 1 5.5 4h9A1.5 1.5 0 0 1 16 5.5v6a1.5 1.5 0 0 1-1.5 1.5H9.5L6 16v-3h-.5A1.5 1.5 0 0 1 4 11.5ZM7.5 7.5h5M7.5 10h3",
  send: "M10 16V4m-5 5 5-5 5 5",
  stop: "M6.5 6.5h7v7h-7z",
  plus: "M10 4.5v11M4.5 10h11",
  trash: "M4.5 6h11M8 6V4.5h4V6M6 6l.7 9.5h6.6L14 6M8.7 9v4M11.3 9v4",
  close: "m5.5 5.5 9 9m0-9-9 9",
  expand: "M11.5 4H16v4.5M16 4l-5 5M8.5 16H4v-4.5M4 16l5-5",
  shrink: "M15.5 9H11V4.5M11 9l5-5M4.5 11H9v4.5M9 11l-5 5",
  copy: "M7 9a2 2 0 0 1 2-2h5a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2ZM13 7V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v5a2 2 0 0 0 2 2h1",
  done: "m4.5 10.5 3.5 3.5 7.5-8",
  up: "M6 9v7.5H3.5V9zm0 0 3.2-5.6c1.2 0 2 .9 1.8 2.1L10.5 8H15a1.6 1.6 0 0 1 1.6 1.9l-1 5.2a1.7 1.7 0 0 1-1.7 1.4H6",
  down: "M14 11V3.5h2.5V11zm0 0-3.2 5.6c-1.2 0-2-.9-1.8-2.1L9.5 12H5a1.6 1.6 0 0 1-1.6-1.9l1-5.2a1.7 1.7 0 0 1 1.7-1.4H14",
  chevron: "m7.5 5 5 5-5 5",
  away: "M8 5H5v10h10v-3M11 4.5h4.5V9m0-4.5L9.5 10.5",
  newest: "M10 4v12m-5-5 5 5 5-5",
  quote: "M4.5 6h11M4.5 10h11M4.5 14h6",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGSVGElement {
  const svg = svgElement("svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = svgElement("path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

function svgElement<Tag extends keyof SVGElementTagNameMap>(tag: Tag): SVGElementTagNameMap[Tag] {
  return document.createElementNS("http://www.w3.org/2000/svg", tag);
}
