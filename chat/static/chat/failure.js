// Why there is no answer, in the place of the answer, with the button that asks again.
import { clonePart, say } from './page.js';

export function showFailure(answer, { message, code, retry_after: seconds }) {
  answer.querySelector('.failure')?.remove();
  const failure = clonePart('failure');
  failure.querySelector('.failure-text').textContent = message;
  failure.querySelector('.failure-code').textContent = code;
  answer.querySelector('.msg-tools').before(failure);
  if (seconds) {
    countDown(failure.querySelector('[data-action="try-again"]'), Math.ceil(seconds));
  }
}

// A provider that says when to come back is not asked before.
function countDown(button, seconds) {
  const label = button.querySelector('.label');
  const draw = () => {
    button.disabled = seconds > 0;
    label.textContent = seconds > 0 ? say('try_again_in', { seconds }) : say('try_again');
  };
  const tick = setInterval(() => {
    seconds -= 1;
    draw();
    if (seconds <= 0) {
      clearInterval(tick);
    }
  }, 1000);
  draw();
}
