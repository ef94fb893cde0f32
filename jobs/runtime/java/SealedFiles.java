package nightmarket;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * Files as jobs/runtime/sealed_files.py seals them, read as if they were plain. Files that are not sealed stay as they are.
 *
 * It stands in for the file system of a scheme for one read, and reads through that one. Nothing can be written.
 */
public class SealedFiles extends FileSystem {
  private static final byte[] MAGIC = "NMSEAL1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int BLOCK = 1 << 18;
  private static final int TAG = 16;

  private FileSystem inner;
  private TableKeys keys;

  public void initialize(URI uri, Configuration conf) throws IOException {
    super.initialize(uri, conf);
    setConf(conf);
    String setting = "fs." + uri.getScheme() + ".impl";
    Configuration own = new Configuration(conf);
    own.unset(setting);
    own.unset(setting + ".disable.cache");
    if (conf.get("nightmarket.files") != null) {
      own.set(setting, conf.get("nightmarket.files"));
    }
    inner = FileSystem.get(uri, own);
    keys = new TableKeys();
    keys.initialize(conf, "", "", conf.get("nightmarket.keys", ""));
  }

  public URI getUri() {
    return inner.getUri();
  }

  public FSDataInputStream open(Path path, int buffer) throws IOException {
    Head head = head(path);
    return head == null ? inner.open(path, buffer) : new FSDataInputStream(new Plain(inner.open(path, buffer), head));
  }

  public FileStatus getFileStatus(Path path) throws IOException {
    return plain(inner.getFileStatus(path));
  }

  public FileStatus[] listStatus(Path path) throws FileNotFoundException, IOException {
    FileStatus[] found = inner.listStatus(path);
    for (int i = 0; i < found.length; i++) {
      found[i] = plain(found[i]);
    }
    return found;
  }

  private FileStatus plain(FileStatus status) throws IOException {
    Head head = status.isDirectory() ? null : head(status.getPath());
    return head == null
        ? status
        : new FileStatus(head.plain, false, status.getReplication(), status.getBlockSize(),
            status.getModificationTime(), status.getPath());
  }

  /** What stands before the blocks; null for a file that is not sealed. */
  private Head head(Path path) throws IOException {
    long length = inner.getFileStatus(path).getLen();
    FSDataInputStream in = inner.open(path);
    try {
      byte[] start = new byte[MAGIC.length + 4];
      if (length < start.length) {
        return null;
      }
      in.readFully(0, start);
      if (!Arrays.equals(Arrays.copyOf(start, MAGIC.length), MAGIC)) {
        return null;
      }
      byte[] text = new byte[ByteBuffer.wrap(start, MAGIC.length, 4).getInt()];
      in.readFully(start.length, text);
      String[] said = new String(text, StandardCharsets.UTF_8).split("\n");
      Head head = new Head();
      head.key = keys.unwrapKey(said[1], said[0]);
      head.text = text;
      head.first = start.length + text.length;
      long body = length - head.first;
      head.blocks = Math.max(1L, (body + BLOCK + TAG - 1) / (BLOCK + TAG));
      head.plain = body - TAG * head.blocks;
      return head;
    } finally {
      in.close();
    }
  }

  private static class Head {
    byte[] key;
    byte[] text;
    long first;
    long blocks;
    long plain;
  }

  /** Decrypts the block that is asked for; the tag of each says that it is whole, and at its place. */
  private static class Plain extends FSInputStream {
    private final FSDataInputStream in;
    private final Head head;
    private long at = 0;
    private long held = -1;
    private byte[] block = new byte[0];

    Plain(FSDataInputStream in, Head head) {
      this.in = in;
      this.head = head;
    }

    public long getPos() {
      return at;
    }

    public void seek(long to) throws IOException {
      if (to < 0 || to > head.plain) {
        throw new EOFException("there is no byte " + to + " of " + head.plain);
      }
      at = to;
    }

    public boolean seekToNewSource(long to) {
      return false;
    }

    public int available() throws IOException {
      return (int) Math.min((long) Integer.MAX_VALUE, head.plain - at);
    }

    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
    }

    public int read(byte[] into, int from, int count) throws IOException {
      if (count == 0) {
        return 0;
      }
      if (at >= head.plain) {
        return -1;
      }
      if (at / BLOCK != held) {
        hold(at / BLOCK);
      }
      int inside = (int) (at % BLOCK);
      int taken = Math.min(count, block.length - inside);
      System.arraycopy(block, inside, into, from, taken);
      at += taken;
      return taken;
    }

    private void hold(long number) throws IOException {
      boolean last = number == head.blocks - 1;
      int size = last ? (int) (head.plain - number * BLOCK) : BLOCK;
      byte[] sealed = new byte[size + TAG];
      in.readFully(head.first + number * (BLOCK + TAG), sealed);
      byte[] nonce = ByteBuffer.allocate(12).putLong(3, number).put(11, (byte) (last ? 1 : 0)).array();
      try {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(head.key, "AES"), new GCMParameterSpec(128, nonce));
        cipher.updateAAD(head.text);
        block = cipher.doFinal(sealed);
      } catch (java.security.GeneralSecurityException broken) {
        throw new IOException("block " + number + " of a sealed file was changed, or its key is another one", broken);
      }
      held = number;
    }

    public void close() throws IOException {
      in.close();
    }
  }

  public FSDataOutputStream create(Path path, FsPermission permission, boolean overwrite, int buffer, short copies,
      long size, Progressable progress) throws IOException {
    throw new UnsupportedOperationException("sealed files are only read");
  }

  public FSDataOutputStream append(Path path, int buffer, Progressable progress) throws IOException {
    throw new UnsupportedOperationException("sealed files are only read");
  }

  public boolean rename(Path from, Path to) throws IOException {
    throw new UnsupportedOperationException("sealed files are only read");
  }

  public boolean delete(Path path, boolean recursive) throws IOException {
    throw new UnsupportedOperationException("sealed files are only read");
  }

  public boolean mkdirs(Path path, FsPermission permission) throws IOException {
    throw new UnsupportedOperationException("sealed files are only read");
  }

  public void setWorkingDirectory(Path path) {
    inner.setWorkingDirectory(path);
  }

  public Path getWorkingDirectory() {
    return inner.getWorkingDirectory();
  }
}
