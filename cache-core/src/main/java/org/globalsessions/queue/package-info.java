/** Queues of notifications under names that clients choose, and sessions that go on exactly where they were. */
package org.globalsessions.queue;
