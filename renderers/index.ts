export { type AccountView, renderAccount } from './account/account.ts';
export { type FactCount, type FactReport, renderFactReport } from './facts/facts.ts';
export { type InventoryView, renderInventory } from './inventory/inventory.ts';
export { type Column, renderTable } from './table/table.ts';
export { inertText } from './text.ts';
export { factText } from './value.ts';
