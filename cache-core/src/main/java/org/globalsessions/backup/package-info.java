/** Backups of a segment in a file that another segment of the path takes back, whatever its geometry. */
package org.globalsessions.backup;
