// The conversation that the page shows: sends, asks again, stops, and puts the server's answers in their place.
import { Answer } from './answer.js';
import { newClientId } from './client-id.js';
import { Elsewhere } from './elsewhere.js';
import { byId, clonePart, page, say } from './page.js';
import { addConversation, markRunning, moveToTop, nameConversation } from './sidebar.js';
import { announce } from './status.js';
import { Turns } from './turns.js';

const UNLOCK_AFTER_STOP = 3_000;

export class Conversation {
  #thread = byId('thread');
  #socket;
  #turns;
  #composer;
  #picker;
  #follow;
  #pending = null; // a request that the server has not taken yet
  #running = null; // the answer that is being written
  #unlock = 0;
  #askedToSignIn = false;

  constructor({ socket, composer, picker, follow }) {
    this.#socket = socket;
    this.#composer = composer;
    this.#picker = picker;
    this.#follow = follow;
    this.#turns = new Turns(socket, (answer) => this.#ended(answer));
  }

  // An answer that was being written when the page was loaded.
  resume(element) {
    this.#run(new Answer(element, () => this.#follow.painted()));
    this.#lock();
  }

  // An answer that another conversation was left with.
  watch(turn, conversation) {
    this.#turns.add(new Elsewhere(turn, conversation));
  }

  send(text) {
    if (this.#isSignedOut()) {
      return;
    }
    const question = clonePart('question');
    question.classList.add('sending');
    question.querySelector('.bubble').textContent = text;
    this.#thread.append(question);
    announce(say('sending'));
    this.#ask({ type: 'send', text, conversation: page.conversation }, { question });
  }

  // Another answer to the same question, by the model that the page shows now.
  tryAgain(element) {
    if (this.#isSignedOut()) {
      return;
    }
    element.hidden = true;
    this.#ask({ type: 'regenerate', message: element.dataset.turn }, { replaced: element });
  }

  stop() {
    if (this.#pending) {
      this.#stopPending();
    } else if (this.#running) {
      this.#turns.stop(this.#running);
      announce(say('stopped'));
      clearTimeout(this.#unlock);
      this.#unlock = setTimeout(() => this.#setBusy(false), UNLOCK_AFTER_STOP);
    }
  }

  connectionChanged(state) {
    if (state === 'up' && this.#askedToSignIn) {
      this.#askedToSignIn = false;
      this.#composer.hideRefusal();
    } else if (state === 'down') {
      this.#pending?.answer.hold();
    } else if (state === 'signed-out' && this.#pending) {
      this.#takeBack();
      this.#askToSignIn();
    }
  }

  // Says so where it is: nothing that is asked now would be heard.
  #isSignedOut() {
    const signedOut = this.#socket.state === 'signed-out';
    if (signedOut) {
      this.#askToSignIn();
    }
    return signedOut;
  }

  #askToSignIn() {
    this.#askedToSignIn = true;
    this.#composer.refuse(say('sign_in_first'));
  }

  // The socket is (again) there.
  connected() {
    if (this.#pending) {
      this.#socket.send(this.#pending.frame);
    }
    this.#turns.attachAll();
  }

  receive(frame) {
    const handlers = {
      accepted: () => this.#accepted(frame),
      error: () => this.#refused(frame),
      title: () => nameConversation(frame.conversation, frame.text),
    };
    (handlers[frame.type] ?? (() => this.#turns.receive(frame)))();
  }

  #ask(request, { question = null, replaced = null }) {
    const model = this.#picker.selected;
    const answer = Answer.create(model, () => this.#follow.painted());
    const frame = { ...request, client_id: newClientId(), model: model.id };
    this.#pending = { frame, question, replaced, answer, stopWanted: false };
    byId('empty')?.setAttribute('hidden', '');
    this.#thread.append(answer.element);
    this.#follow.makeRoom(question, answer.element);
    this.#lock();
    this.#socket.send(frame);
    if (this.#socket.state === 'down') {
      answer.hold();
    }
  }

  #accepted({ client_id: clientId, conversation, turn }) {
    const pending = this.#pending;
    if (pending?.frame.client_id !== clientId) {
      return;
    }
    this.#pending = null;
    pending.question?.classList.remove('sending');
    pending.replaced?.remove();
    const before = page.conversation;
    this.#enter(conversation);
    if (pending.question) {
      this.#composer.taken(pending.frame.text, before);
      announce(say('sent'));
    }
    pending.answer.accepted(turn);
    this.#run(pending.answer);
    if (pending.stopWanted) {
      this.stop();
    }
  }

  #refused({ code, message, client_id: clientId }) {
    if (this.#pending && this.#pending.frame.client_id === clientId) {
      this.#takeBack();
      // A model that was refused has probably changed since the page was loaded.
      this.#picker.refresh();
    }
    if (code === 'signed_out') {
      this.#askToSignIn();
    } else {
      this.#composer.refuse(message);
    }
  }

  // The text never left the box, so taking back loses nothing.
  #takeBack() {
    const { question, replaced, answer } = this.#pending;
    this.#pending = null;
    question?.remove();
    answer.remove();
    if (replaced) {
      replaced.hidden = false;
    }
    if (!this.#thread.childElementCount) {
      byId('empty')?.removeAttribute('hidden');
    }
    this.#setBusy(false);
  }

  #stopPending() {
    if (this.#socket.isUp) {
      this.#pending.stopWanted = true;
    } else {
      this.#takeBack();
    }
  }

  #run(answer) {
    this.#running = answer;
    this.#turns.add(answer);
    markRunning(page.conversation, true);
  }

  #ended(answer) {
    if (answer === this.#running) {
      this.#running = null;
      markRunning(page.conversation, false);
      this.#setBusy(false);
    }
  }

  // A new chat gets its address and its row; whichever is used moves to the top of the list.
  #enter(conversation) {
    if (!page.conversation) {
      page.conversation = conversation;
      history.pushState(null, '', `/c/${conversation}/`);
      addConversation(conversation);
    }
    moveToTop(conversation);
  }

  #lock() {
    clearTimeout(this.#unlock);
    this.#setBusy(true);
  }

  #setBusy(busy) {
    clearTimeout(this.#unlock);
    this.#composer.setBusy(busy);
    this.#picker.setDisabled(busy);
  }
}
