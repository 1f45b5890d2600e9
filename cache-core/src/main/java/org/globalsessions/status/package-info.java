/** Counters and errors that another process reads with nothing but the file. */
package org.globalsessions.status;
