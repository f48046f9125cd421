// Why there is no answer, in the place of the answer, with the button that asks again.
import { clonePart, page, say } from './page.js';

export function showFailure(answer, { message, code, retry_after: seconds }) {
  answer.querySelector('.failure')?.remove();
  const failure = clonePart('failure');
  failure.querySelector('.failure-text').textContent = message;
  failure.querySelector('.failure-code').textContent = code;
  answer.querySelector('.msg-tools').before(failure);
  const button = failure.querySelector('[data-action="try-again"]');
  if (page.needs_other_model.includes(code)) {
    setAction(button, 'other-model', 'other_model');
  } else if (seconds) {
    countDown(button, Math.ceil(seconds));
  }
}

// Somebody chose, perhaps the same model whose key was corrected meanwhile.
export function allowTryAgain(thread) {
  for (const button of thread.querySelectorAll('[data-action="other-model"]')) {
    setAction(button, 'try-again', 'try_again');
  }
}

function setAction(button, action, label) {
  button.dataset.action = action;
  button.querySelector('.label').textContent = say(label);
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
