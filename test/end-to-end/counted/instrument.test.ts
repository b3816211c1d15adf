import { describeCountedCrm } from './counted-crm.ts';

describeCountedCrm('the demo CRM with nova-agent/instrument', false);
