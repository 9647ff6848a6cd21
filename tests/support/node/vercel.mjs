// Serves a directory on loopback with the headers of a vercel.json, read and matched by Vercel's own library, and a page
// at its name without ".html"; the address is told on standard output. It ends with standard input: so it never outlives the tests.
// Usage: vercel.mjs DIRECTORY VERCEL_JSON PORT
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import routing from "@vercel/routing-utils";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const [directory, configuration, port] = process.argv.slice(2);
const { routes, error } = routing.getTransformedRoutes(JSON.parse(await readFile(configuration, "utf8")));
if (error) {
  console.error(error.message);
  process.exit(1);
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://host");
  for (const { src, headers } of routes) {
    if (new RegExp(src).test(pathname)) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  }
  const named = pathname.endsWith("/") ? `${pathname}index` : pathname;
  const file = normalize(extname(named) ? named : `${named}.html`);
  try {
    const content = await readFile(join(directory, file));
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
process.stdin.on("end", () => process.exit(0)).resume();
