fgetxattr flistxattr fremovexattr mkdir readlinkat fdopendir opendir fopen realpath fcntl getgroups getgrouplist getpwnam_r getgrnam_r fread stat
