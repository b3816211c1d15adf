import { describeCountedCrm } from './counted-crm.ts';
import '../../support/watchdog.ts';

describeCountedCrm('the demo CRM with nova-agent/instrument', false);
