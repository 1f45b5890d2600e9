/** Who may do what on a path. */
package org.globalsessions.transport.access;
