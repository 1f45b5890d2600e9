package org.globalsessions.benchmarks;

/** Who is measured. */
interface Contender {
    /** Its name in the tables. */
    String label();
}
