/** The memory-mapped table that the processes of one host share. {@code LAYOUT.md} specifies every byte of it. */
package org.globalsessions.segment;
