// The part of the view that a phone's keyboard leaves free. Chromium shrinks the page by itself (interactive-widget in the
// viewport's meta element); Safari lays the keyboard over it.

export function setUpKeyboard() {
  const view = globalThis.visualViewport;
  view?.addEventListener('resize', () => {
    const covered = innerHeight - view.height > 1 && view.scale === 1;
    const root = document.documentElement;
    if (covered) {
      root.style.setProperty('--keyboard-free', `${view.height}px`);
      scrollTo(0, 0);
    } else {
      root.style.removeProperty('--keyboard-free');
    }
  });
}
