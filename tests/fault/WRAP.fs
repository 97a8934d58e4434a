fgetxattr flistxattr fremovexattr mkdir readlinkat fdopendir opendir fopen fcntl getgroups getgrouplist getpwnam_r getgrnam_r fread stat
