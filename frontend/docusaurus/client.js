/** Runs in the browser, once: on the server there is no element to define. */

if (typeof window !== "undefined") void import("../dist/index.js");
