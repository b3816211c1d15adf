CREATE TABLE "User" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "name" TEXT NOT NULL,
  "email" TEXT NOT NULL UNIQUE
);
CREATE TABLE "Company" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "name" TEXT NOT NULL,
  "city" TEXT NOT NULL
);
CREATE TABLE "Contact" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "name" TEXT NOT NULL,
  "email" TEXT NOT NULL UNIQUE,
  "phone" TEXT NOT NULL,
  "companyId" INTEGER NOT NULL REFERENCES "Company" ("id")
);
CREATE INDEX "Contact_company" ON "Contact" ("companyId");
CREATE TABLE "Deal" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "title" TEXT NOT NULL,
  "stage" TEXT NOT NULL,
  "amount" INTEGER NOT NULL,
  "companyId" INTEGER NOT NULL REFERENCES "Company" ("id"),
  "ownerId" INTEGER NOT NULL REFERENCES "User" ("id")
);
CREATE INDEX "Deal_company" ON "Deal" ("companyId");
CREATE TABLE "Note" (
  "id" INTEGER PRIMARY KEY AUTOINCREMENT,
  "text" TEXT NOT NULL,
  "dealId" INTEGER NOT NULL REFERENCES "Deal" ("id"),
  "authorId" INTEGER NOT NULL REFERENCES "User" ("id")
);
CREATE INDEX "Note_deal" ON "Note" ("dealId");
