import type { Notification } from '../../../workers/contract/alerts.ts';
import {
  type NotificationData,
  type NotificationTemplates,
  notificationData,
} from '../../../workers/template/notification-template.ts';
import { messageOf } from '../../errors.ts';

/** Renders templates for one notification. One that fails gives its error as text: the notification still goes out. */
export class Rendering {
  readonly #templates: NotificationTemplates;
  readonly #data: NotificationData;

  constructor(templates: NotificationTemplates, notification: Notification, externalUrl: string) {
    this.#templates = templates;
    this.#data = notificationData(notification, externalUrl);
  }

  text(template: string | undefined): string {
    return this.#render(template, (text) => this.#templates.text(text, this.#data));
  }

  html(template: string): string {
    return this.#render(template, (text) => this.#templates.html(text, this.#data), escapeHtml);
  }

  #render(template = '', expand: (text: string) => string, quote = (text: string) => text): string {
    if (!template.includes('{{')) return template;
    try {
      return expand(template);
    } catch (error) {
      return quote(`<error expanding template: ${messageOf(error)}>`);
    }
  }
}

/** What most notifiers write by. */
export interface Wording {
  readonly templates: NotificationTemplates;
  /** Where the dashboard is; '' when HTTP is off. */
  readonly externalUrl: string;
}

/** At most `most` characters, not UTF-16 units; the last one is `…` where something was cut. */
export function cutAt(text: string, most: number): string {
  if (text.length <= most) return text;
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
