/** Calls `tick` now and every second, until it returns false or `element` has left the page. */
export function everySecond(element: Element, tick: () => boolean): void {
  if (!tick()) return;
  let wasConnected = false;
  const timer = setInterval(() => {
    const left = wasConnected && !element.isConnected;
    wasConnected ||= element.isConnected;
    if (left || !tick()) clearInterval(timer);
  }, 1000);
}
