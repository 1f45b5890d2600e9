/**
 * Benchmarks: one question a class. The same keys, values and sequences of entries for every subject; see docs/performance.md.
 */
package org.globalsessions.benchmarks;
