// User names that are no secret, for they are tried everywhere: the accounts that Debian, Red Hat, cloud images
// and common software create by themselves (their packages' documentation), and what public reports on ssh
// honeypots have listed for years. Compiled by hand; a word that could well be a password is not in it.
const NAMES = `
  root toor admin administrator adm sysadmin superuser su sudo operator supervisor manager system sys service support
  user user1 user2 users username guest guest1 anonymous nobody public default demo test test1 test2 test3 testuser
  tester testing temp tmp student student1 teacher office staff info contact web webmaster hostmaster postmaster
  daemon bin sync games man lp mail news uucp proxy www www-data backup list irc gnats sshd messagebus avahi
  systemd-network systemd-resolve systemd-timesync polkitd rtkit dnsmasq ntp chrony halt shutdown ftp ftpuser ftpadmin
  ubuntu debian centos fedora rocky almalinux opensuse suse arch gentoo alpine freebsd ec2-user azureuser azure
  cloud-user cloud vagrant packer core coreos rancher opc vyos pi dietpi raspberry libreelec osmc orangepi
  oracle oracle1 orcl grid mysql mariadb postgres postgresql pgsql pgadmin mongo mongodb mssql sqlserver sa db dba db2
  db2inst1 redis memcache memcached elastic elasticsearch kibana logstash cassandra hadoop hdfs hive spark kafka
  zookeeper hbase yarn solr influxdb grafana prometheus zabbix nagios icinga munin cacti
  git gitlab gitea gogs svn cvs jenkins bamboo teamcity runner gitlab-runner ci build builder deploy deployer deployment
  release docker dockeradmin kube kubernetes k8s ansible puppet chef salt terraform nomad consul vault
  tomcat tomcat7 tomcat8 tomcat9 apache apache2 httpd nginx lighttpd jboss wildfly glassfish weblogic websphere node
  nodejs rails ruby python django flask php java dev devel developer devops ops
  wordpress wp drupal joomla magento odoo odoo15 redmine nextcloud owncloud moodle jira confluence sonar sonarqube nexus
  artifactory minio plex emby jellyfin steam csgo cs csserver ts ts3 teamspeak teamspeak3 minecraft mc factorio valheim
  ark rust gmod terraria sinusbot bot discord openvpn vpn vpnuser wireguard pptp ipsec squid socks radius ldap samba smb
  nfs dhcp named bind dns postfix exim dovecot vmail mailman spam amavis clamav asterisk pbx freepbx sip voip
  ubnt cisco mikrotik netgear dlink tplink huawei zte juniper fortinet hikvision dahua camera dvr nas synology qnap
  router switch ap modem printer scanner tech technician engineer field monitor monitoring audit auditor
  sftp sftpuser rsync rsyncd scp ssh upload uploader download transfer files data sync backupuser bkp
  hduser esuser appuser app application api ftp_user webadmin www1 wwwroot web1 site sites host hosting server client
  customer crm erp sap sapadm db2fenc1 informix nvidia cuda ml ai ethereum eth bitcoin miner validator solana sol node1
`

export const COMMON_NAMES: ReadonlySet<string> = new Set(NAMES.trim().split(/\s+/))
