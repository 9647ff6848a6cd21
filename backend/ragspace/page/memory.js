/** Which conversation this browser was in. */

const KEY = "ragspace.conversation";

/** A browser that keeps nothing for us (in a frame of another site) remembers while the page is open. */
export const memory = {
  id: stored(() => localStorage.getItem(KEY)),

  keep(id) {
    this.id = id;
    stored(() => localStorage.setItem(KEY, id));
  },

  forget() {
    this.id = null;
    stored(() => localStorage.removeItem(KEY));
  },
};

function stored(access) {
  try {
    return access() ?? null;
  } catch {
    return null;
  }
}
