/**
 * What a reader would see of a growing answer: when frames came, which tasks held them up, and when each word of the
 * form w0123 had been drawn. Times in milliseconds since the epoch. It runs before the page's own scripts, so that its
 * frame callback is the first of each frame.
 */

globalThis.probe = (() => {
  const now = () => performance.timeOrigin + performance.now();
  const frames = [];
  const longTasks = [];
  const drawn = [];
  let firstChange;
  let lastChange;
  let added = 0;
  let latest = -1;
  let root;

  // A task that is posted in a frame runs once the frame has been drawn.
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const at = now();
    while (drawn.length <= latest) drawn.push(at);
  };
  const frame = () => {
    frames.push(now());
    channel.port2.postMessage(null);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);

  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      longTasks.push({ at: performance.timeOrigin + startTime, duration });
  }).observe({ type: "longtask" });

  const observer = new MutationObserver((changes) => {
    const text = (root.querySelector(".prose") ?? root).textContent;
    if (text === "") return;
    lastChange = now();
    firstChange ??= lastChange;
    for (const { addedNodes } of changes) added += addedNodes.length;
    const mark = /w(\d{4})\s*$/.exec(text.slice(-12));
    if (mark) latest = Number(mark[1]);
  });

  return {
    /** Begins with the first text of the answer. */
    watch() {
      root = document.querySelector("#answer") ?? document.querySelector("rag-chat").shadowRoot;
      observer.observe(root, { childList: true, characterData: true, subtree: true });
    },
    told() {
      return { frames, longTasks, drawn, firstChange, lastChange, added };
    },
  };
})();
