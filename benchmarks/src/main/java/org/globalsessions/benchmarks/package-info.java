/**
 * Benchmarks: one question a class.
 */
package org.globalsessions.benchmarks;
